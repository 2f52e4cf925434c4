/**
 * Which form of the suite this is. `npm test` plays a part of what is played many times over on servers, so that it is done in
 * minutes; `.ci/run`, and whoever sets `SIGNALBOX_SOAK`, plays all of it.
 */

/** Is this the long form? */
export const isLong = process.env.SIGNALBOX_SOAK !== undefined;

/** How often processes are killed. */
export const KILLS = Number(process.env.SIGNALBOX_SOAK ?? 8);
