// The program that runs steps against an allocator, for compileC().
export const ALLOCATOR = ["test/preload/allocator.c", "test/preload/answers.c", "test/preload/surroundings.c"] as const;
