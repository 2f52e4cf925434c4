/**
 * An application with a store, for a parent that kills it or talks to its runs by the command line: `node application.ts STORE SCHEMA NAME ID …`.
 * Starts a run of the named orchestrator under each id, says `begun`, and stays until it is killed or its standard input ends.
 */
import { createSignalbox, type Store } from '../../src/index.ts';
import { postgres } from '../../src/stores/postgres/index.ts';
import { sqlite } from '../../src/stores/sqlite/index.ts';
import { orchestrators, tasks } from './flow.ts';

const [, , place = '', schema = '', name = '', ...ids] = process.argv;
const store: Store = place.startsWith('postgres:') ? postgres(place, { schema }) : sqlite(place);
const box = await createSignalbox({ store, orchestrators, tasks, logger: () => {} });
const wanted = orchestrators.find((each) => each.name === name);
if (wanted === undefined) throw new Error(`There is no orchestrator "${name}".`);
for (const id of ids) await box.start(wanted, { id, input: { cents: 4200 } });
process.stdout.write('begun\n');
process.stdin.resume();
process.stdin.once('end', () => void box.close());
