// How Node runs a program that looks once and ends: without its optimizing compiler.
import { setFlagsFromString } from "node:v8";

/**
 * V8 optimizes what runs often for what is still to come. In a program that ends after some tenths of a second, that
 * takes a quarter of all its processor time and gives nothing back. Not for a verb that goes on.
 */
export function expectOneLook(): void {
  setFlagsFromString("--no-opt");
}

/** As Node starts. */
export function optimizeAgain(): void {
  setFlagsFromString("--opt");
}
