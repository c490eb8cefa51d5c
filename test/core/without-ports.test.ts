// Lines of a reservation file that go with some ports: nothing else of the text does.
import { expect, test } from "vitest";
import { serviceBook } from "../../src/core/config/services.ts";
import { withoutLinesFor } from "../../src/core/hold/without-ports.ts";

const book = serviceBook({
  services: { path: "/etc/services", bytes: Buffer.from("ipp 631/tcp\nipp 631/udp\n") },
  vendorServices: undefined,
} as unknown as Parameters<typeof serviceBook>[0]);
const left = (text: string, ...ports: string[]): string | undefined => {
  const places = ports.map((word) => {
    const [port = "", protocol = ""] = word.split("/");
    return { port: Number(port), protocol: protocol as "tcp" | "udp" };
  });
  const bytes = withoutLinesFor(Buffer.from(text), book, places);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
};

test.each([
  ["a line of its own", "# a\n631/tcp\n700\n", ["631/tcp"], "# a\n700\n"],
  ["one protocol of two", "631\n", ["631/udp"], "631/tcp\n"],
  ["the middle of a range", "700-703/tcp hold\n", ["701/tcp"], "700/tcp hold\n702-703/tcp hold\n"],
  ["a service", "x y z\nipp\n", ["631/tcp", "631/udp"], "x y z\n"],
  ["what two lines ask for", "631\n631/tcp\n1\n", ["631/tcp"], "631/udp\n1\n"],
  ["a line without an end", "700\r\n631/tcp", ["631/tcp"], "700\r\n"],
  ["nothing that is there", "700 # b\n", ["631/tcp"], "700 # b\n"],
])("%s", (_, text, ports, expected) => {
  expect(left(text, ...ports)).toBe(expected);
});

test("a file that only portreservectl has written goes; another one stays, empty or not", () => {
  expect(left("# written by 'portreservectl reserve x'\n631/tcp\n", "631/tcp")).toBeUndefined();
  expect(left("# mine\n631/tcp\n", "631/tcp")).toBe("# mine\n");
  expect(left("", "631/tcp")).toBe("");
});
