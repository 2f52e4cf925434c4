/**
 * One row in a process of its own, so that no row inherits the heap or the compiled code
 * of another: reads the row as JSON from its arguments, writes what it measured as JSON.
 */
import { onSqlite, rawSqlite } from './durable.ts';
import type { Contender } from './load.ts';
import { type Held, liveTasks, plainLive, waitingRuns } from './memory.ts';
import { time } from './measure.ts';
import { plain } from './plain.ts';
import type { HeldRow, Row, TimedRow } from './rows.ts';
import { loose, POLICIES, signalbox, strict } from './shapes.ts';
import { textbook } from './textbook.ts';

const row: Row = JSON.parse(process.argv[2] ?? 'null');
const result = row.is === 'timed' ? await time(contenderOf(row), row.load, row.pace) : await held(row);
// An hour's timers may be outstanding: the process is not to wait for them.
process.stdout.write(JSON.stringify(result), () => process.exit());

function contenderOf({ contender, load }: TimedRow): Contender {
  switch (contender) {
    case 'plain':
      return plain(load, null);
    case 'plain, zod':
      return plain(load, strict);
    case 'textbook XState':
      return textbook(load);
    case 'signalbox':
      return signalbox(load, { schema: strict, lane: 'table' });
    case 'signalbox, no zod':
      return signalbox(load, { schema: loose, lane: 'table' });
    case 'signalbox, one box':
      return signalbox(load, { schema: loose, lane: 'table', oneBox: true });
    case 'signalbox, xstate lane':
      return signalbox(load, { schema: strict, lane: 'xstate' });
    case 'signalbox, policies':
      return signalbox(load, { schema: strict, lane: 'table', policies: POLICIES });
    case 'signalbox, sqlite':
      return onSqlite(load, 'full');
    case 'signalbox, sqlite, normal':
      return onSqlite(load, 'normal');
    case 'raw sqlite, 1 row per commit':
      return rawSqlite(load, 1);
    case 'raw sqlite, 100 rows per commit':
      return rawSqlite(load, 100);
    default:
      return contender satisfies never;
  }
}

function held({ who, count, idleRuns }: HeldRow): Promise<Held> {
  switch (who) {
    case 'waiting runs':
      return waitingRuns(count, idleRuns);
    case 'live tasks':
      return liveTasks(count);
    case 'plain live tasks':
      return plainLive(count);
    default:
      return who satisfies never;
  }
}
