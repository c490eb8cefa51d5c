// What a search of a model may find.
export const HOLDS = "all hold";
export const ENDS = "calls end";
