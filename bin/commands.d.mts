/** The commands of package.json, each a list of programs with their arguments. */
export declare const COMMANDS: Readonly<Record<string, readonly (readonly string[])[]>>

/** Arguments for Node.js that bound the memory of a process of the system. */
export declare const MEMORY: readonly string[]
