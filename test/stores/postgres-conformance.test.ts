/** The suite that every store passes, on a real Postgres. */
import type { Store } from 'signalbox';
import { postgres } from 'signalbox/postgres';
import { type StorePlace, storeSuite } from 'signalbox/testing';
import { test } from 'vitest';
import { dropSchema, useServer } from '../helpers/postgres.ts';

const server = useServer();
let places = 0;

function inSchema(): StorePlace {
  places += 1;
  const schema = `suite_${process.pid}_${places}`;
  let began: number | null = null;
  return {
    open: () => openedAt(postgres(server.url, { schema }), (now) => (began ??= now)),
    dispose: () => dropSchema(server, schema),
  };
}

/**
 * How far a process's clock is off is measured while it opens the store. The suite moves its time and then opens the next
 * store, as if the clock of that one were off; here every store is opened at the time of the first and lives from then on.
 */
function openedAt(store: Store, time: (now: number) => number): Store {
  const { open } = store;
  return Object.assign(store, {
    async open(owner: Parameters<Store['open']>[0]) {
      const opened = time(owner.now());
      let isOpen = false;
      await open.call(store, { ...owner, now: () => (isOpen ? owner.now() : opened) });
      isOpen = true;
    },
  });
}

for (const { title, run } of storeSuite(inSchema)) test(title, run);
