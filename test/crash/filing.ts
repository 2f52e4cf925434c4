/**
 * A process whose run is in memory and in a state file, for a parent that restores it: `node filing.ts FOLDER EVENT PAUSE`. It kills itself
 * (SIGKILL) when its run has come to this event, so many turns of the event loop later: before, in the middle of or after the writing of the file.
 * What the file has for sure goes into `acks`, what bodies do into `effects`.
 */
import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { createSignalbox } from '../../src/index.ts';
import { stateFile } from '../../src/files/index.ts';
import { filedFlow } from './filed-flow.ts';

const [, , folder = '.', event = '0', turns = '0'] = process.argv;

const { promise: opened, resolve: open } = Promise.withResolvers<void>();
const flow = filedFlow(async (key) => {
  // No body ends before there is a file.
  await opened;
  appendFileSync(`${folder}/effects`, `${key}\n`);
  await pause(4);
});
const box = await createSignalbox({ orchestrators: [flow], logger: () => {} });

let isDying = false;
function die(left: number): void {
  isDying = true;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
  else setImmediate(() => die(left - 1));
}

const run = await box.start(flow, { id: 'r', input: 1 });
const file = await stateFile(box, run, `${folder}/state.json`, { program: flow });
const isOver = (seq: number): void => {
  if (seq >= Number(event)) die(Number(turns));
};
isOver(file.event);
box.on('*', ({ seq }) => isOver(seq));
open();
for await (const _ of run.events()) appendFileSync(`${folder}/acks`, `${await file.flush()}\n`);
// Its time may come after the end of the run.
while (isDying) await pause(1_000);
await file.close();
await box.close();
