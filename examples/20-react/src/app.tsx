/** The page: an order is placed; then its run is watched, moved on, and seen to its end. */
import { useMachine, useSelector } from '@xstate/react';
import { useState } from 'react';
import type { Snapshot } from 'xstate';
import { Choose } from './choose.tsx';
import { Run } from './run.tsx';
import { runOf, shop } from './shop.ts';

/** The application, made anew from what it has kept whenever somebody wants that. */
export function App() {
  const [kept, setKept] = useState<{ readonly times: number; readonly options: Kept }>({ times: 0, options: {} });
  const restore = (snapshot: Snapshot<unknown>) => setKept({ times: kept.times + 1, options: { snapshot } });
  return <Shop key={kept.times} options={kept.options} onRestore={restore} />;
}

interface Kept {
  readonly snapshot?: Snapshot<unknown>;
}

interface ShopProps {
  readonly options: Kept;
  readonly onRestore: (snapshot: Snapshot<unknown>) => void;
}

function Shop({ options, onRestore }: ShopProps) {
  const [{ value, context, children }, send, actor] = useMachine(shop, options);
  // The run is a child of the application while it goes on. Until its start is committed there is nothing to be seen of it.
  const isThere = useSelector(children.order, (run) => run?.context.attached ?? value !== 'refused');
  const percent = useSelector(children.order, (run) => run?.context.progress.percent ?? 100);

  if (value === 'choosing') {
    return <Choose onOrder={(lines) => send({ type: 'order', order: { customer: 'Ada', lines } })} />;
  }
  const { orders, delivered, error } = context;
  return (
    <main>
      <header>
        <h1>Order {orders}</h1>
        {value === 'ordering' && (
          <>
            <progress aria-label="How far the order has come" max={100} value={percent} />
            <button
              type="button"
              onClick={() => children.order?.send({ type: 'cancel', reason: 'changed their mind' })}
            >
              Cancel the order
            </button>
          </>
        )}
        {delivered !== null && (
          <output className="good">
            {delivered.parcels} parcels are on their way, as {delivered.tracking}.
          </output>
        )}
        {error !== null && <output className="bad">{error}</output>}
        {value !== 'ordering' && (
          <button type="button" onClick={() => send({ type: 'again' })}>
            Order again
          </button>
        )}
      </header>
      {isThere && (
        <Run key={runOf(context)} id={runOf(context)}>
          <details className="card">
            <summary>What the application keeps</summary>
            <pre>{JSON.stringify(actor.getPersistedSnapshot(), null, 2)}</pre>
            <button type="button" onClick={() => onRestore(JSON.parse(JSON.stringify(actor.getPersistedSnapshot())))}>
              Restore the application from it
            </button>
          </details>
        </Run>
      )}
    </main>
  );
}
