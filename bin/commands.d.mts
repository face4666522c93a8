/** The commands of package.json, each a list of programs with their arguments. */
export declare const COMMANDS: Readonly<Record<string, readonly (readonly string[])[]>>
