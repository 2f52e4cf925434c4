/**
 * Which form of the suite this is. `npm test` plays a part of what is played many times over on servers, so that it is done in
 * minutes; `.ci/run`, and whoever sets `SIGNALBOX_SOAK`, plays all of it.
 */

/** Is this the long form? */
export const isLong = process.env.SIGNALBOX_SOAK !== undefined;

/** How often processes are killed. */
export const KILLS = Number(process.env.SIGNALBOX_SOAK ?? 5);

/** In the short form one of so many, the first of them at `from`; all of them in the long one. */
export const oneIn = <T>(many: number, all: readonly T[], from = 0): readonly T[] =>
  isLong ? all : all.filter((_, at) => at % many === from);
