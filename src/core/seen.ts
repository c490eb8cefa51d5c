// A value that was seen, or why it could not be: what every observation of a host is made of.

/** Something that could not be seen. `unseen` says why, and completes "cannot be seen: …". */
export interface Unseen {
  readonly unseen: string;
  /** Root would see it. */
  readonly rootWould: boolean;
}

export type Seen<T> = T | Unseen;

export function isUnseen(value: unknown): value is Unseen {
  return typeof value === "object" && value !== null && "unseen" in value;
}
