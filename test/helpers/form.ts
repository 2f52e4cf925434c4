/**
 * Which form of the suite this is. `npm test` is done in minutes: it leaves out files that are called `*.long.test.ts` (servers that are
 * killed, slow or silent, disks that are full, a great many runs), and of what is played many times over it plays a part.
 * `.ci/run`, and whoever runs `test:long` with `SIGNALBOX_SOAK` set, plays all of it.
 */

/** Is this the long form? */
export const isLong = process.env.SIGNALBOX_SOAK !== undefined;

/** How often processes are killed. */
export const KILLS = Number(process.env.SIGNALBOX_SOAK ?? 5);

/** In the short form one of so many, the first of them at `from`; all of them in the long one. */
export const oneIn = <T>(many: number, all: readonly T[], from = 0): readonly T[] =>
  isLong ? all : all.filter((_, at) => at % many === from);
