/**
 * The program of the writing thread. Among the sources it is a file beside this one; the build puts its whole text here
 * instead. So it goes wherever a bundler takes the package, and no other file is ever taken for it.
 */

/** What a thread is started with: a file, or the text of a script. */
export const PROGRAM: URL | string = new URL('./thread.ts', import.meta.url);
