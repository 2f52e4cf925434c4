/** The applications that are bundled. Each prints, or leaves behind, one line of JSON. */

const total = `
import { orchestrator, task, track } from 'signalbox';
const anything = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } };
const add = task('add', { input: anything, output: anything, run: async ({ input }) => input + 1 });
const sum = track('sum', { input: anything }).step('one', add, ({ input }) => input).sleep('rest', 1).step('two', add, ({ outputs }) => outputs.one);
const total = orchestrator('total', { version: '1', input: anything })
  .track('sum', sum, { input: ({ input }) => input })
  .output(({ outputs }) => outputs.sum);
`;

const definitions = `
import { createSignalbox, RunFailed } from 'signalbox';
${total}
async function runIn(options) {
  const box = await createSignalbox({ orchestrators: [total], ...options });
  try {
    return await (await box.start(total, { input: 40 })).result();
  } finally {
    await box.close();
  }
}
`;

/** A run in a file, by the writing thread. */
export const durable = `${definitions}
import { sqlite } from 'signalbox/sqlite';
runIn({ store: sqlite(process.argv[2], { thread: 'always' }) }).then((result) => console.log(JSON.stringify({ result })));
`;

/** What an application may have beside its bundle: a thread of its own, which says that it was started. */
export const thread = `
import { appendFileSync } from 'node:fs';
appendFileSync(new URL('./started', import.meta.url), 'by somebody else');
`;

const bare = `
import { machineInput, trackMachine } from 'signalbox/machines';
import { createActor, toPromise } from 'xstate';
async function runBare() {
  const actor = createActor(trackMachine, { input: machineInput(sum, 40) });
  actor.start();
  return await toPromise(actor);
}
`;

/** A machine without a box. */
export const machine = `${definitions}${bare}
runBare().then((result) => console.log(JSON.stringify({ result })));
`;

/** Both, in a page. */
export const page = `${definitions}${bare}
globalThis.answer = Promise.all([runIn({}), runBare()]).then(([box, machine]) => ({ box, machine }));
`;

/** Machines to draw, to walk, or, if they are those of steps, to start. */
export const machines = `export {
  compositeMachine, orchestratorMachine, sleepMachine, taskMachine, trackMachine, waitMachine,
} from 'signalbox/machines';`;

/** Whole orchestrators, which play a run without a box. */
export const liveMachines = `export {
  compositeMachine, machineInput, orchestratorMachine, sleepMachine, taskMachine, trackMachine, waitMachine,
} from 'signalbox/machines';`;

/** Runs of a box that is somewhere else, as actors: it is taken by its shape, and answers like one whose run has just ended. */
export const embedding = `${total}
import { actorOf, chart, diagram, fromOrchestrator, machineInput, typedMachine } from 'signalbox/machines';
import { createActor, toPromise } from 'xstate';
const run = {
  result: async () => 42,
  snapshot: async () => ({ run: 'r1', status: 'completed', output: 42, tracks: {}, steps: {} }),
  async *history() {},
  async *events({ after }) {
    if (after === 0) yield { type: 'run.completed', run: 'r1', path: '', seq: 1, at: 0 };
  },
};
const box = { start: async () => run, run: () => run };
const embedded = createActor(fromOrchestrator(box, total), { input: { id: 'r1', input: 40 } }).start();
const bare = createActor(typedMachine(total), { input: machineInput(total, 40) }).start();
const seen = actorOf(box, 'r1');
Promise.all([embedded, seen, bare].map((actor) => toPromise(actor))).then(([result, output, machine]) => {
  const drawn = diagram(total, { format: 'text' }).includes(chart(total).id);
  console.log(JSON.stringify({ result, output, machine, status: seen.getSnapshot().context.status, drawn }));
});
`;
