// Questions that are asked many times and answered once.

/** `look`, which is asked for each text once. For the time in which its answers stay true, such as that of one look. */
export function oncePerText<T>(look: (text: string) => T): (text: string) => T {
  const answers = new Map<string, T>();
  return (text) => {
    if (!answers.has(text)) answers.set(text, look(text));
    return answers.get(text) as T;
  };
}

/** The same of one question. */
export function once<T>(look: () => T): () => T {
  let answer: { readonly is: T } | undefined;
  return () => {
    answer ??= { is: look() };
    return answer.is;
  };
}
