/** How the kinds that come with the package are drawn. One that is not in the table is drawn by its node alone; one from outside brings its own. */
import type { Drawn } from '../core/drawing.ts';
import { drawBranch } from './branch/drawing.ts';
import { drawEmit } from './emit/drawing.ts';
import { drawLoop } from './loop/drawing.ts';
import { drawMap } from './map/drawing.ts';
import { drawRun } from './run/drawing.ts';
import { drawSet } from './set/drawing.ts';
import { drawSignal } from './signal/drawing.ts';
import { drawSleep } from './sleep/drawing.ts';
import { drawTask } from './task/drawing.ts';
import { drawTerminate } from './terminate/drawing.ts';
import { drawWait } from './wait/drawing.ts';

export const drawings: ReadonlyMap<string, Drawn> = /* @__PURE__ */ new Map<string, Drawn>(
  /* @__PURE__ */ Object.entries({
    task: drawTask,
    sleep: drawSleep,
    wait: drawWait,
    branch: drawBranch,
    map: drawMap,
    loop: drawLoop,
    set: drawSet,
    terminate: drawTerminate,
    run: drawRun,
    signal: drawSignal,
    emit: drawEmit,
  }),
);
