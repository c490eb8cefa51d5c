// The JSON Schemas that the package ships, and what of a document they do not allow.
import { readFileSync } from "node:fs";
import path from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";

const folder = path.resolve(import.meta.dirname, "../../docs/schema");

/** Every fault of the document that `portreservectl VERB --json` wrote: none for a good one. */
export function schemaFaults(verb: string, document: unknown): readonly string[] {
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, allowUnionTypes: true });
  ajv.addFormat("date-time", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const validate = ajv.compile(JSON.parse(readFileSync(path.join(folder, `${verb}.schema.json`), "utf8")) as object);
  validate(document);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
