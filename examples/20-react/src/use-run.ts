/** What a page shows of a run: its history as it grows, and with each event, and each second, how it stands. */
import type { Approval, ReadEvent } from 'signalbox';
import { useEffect, useReducer, useState } from 'react';
import { box } from './shop.ts';

interface View {
  readonly diagram: string;
  readonly says: string;
  /** What somebody is asked, if anybody is. */
  readonly approval: Approval | undefined;
}

export function useRun(id: string): { readonly history: readonly ReadEvent[]; readonly view: View | null } {
  const [history, setHistory] = useState<readonly ReadEvent[]>([]);
  const [view, setView] = useState<View | null>(null);
  const [second, tick] = useReducer((seconds: number) => seconds + 1, 0);

  useEffect(() => {
    const timer = setInterval(tick, 1_000);
    return () => clearInterval(timer);
  }, []);

  useEffect(() => {
    const left = new AbortController();
    void (async () => {
      let events: readonly ReadEvent[] = [];
      for await (const event of box.run(id).events({ signal: left.signal })) {
        events = [...events, event];
        setHistory(events);
      }
    })();
    return () => left.abort();
  }, [id]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: each event and each second is a reason to look again
  useEffect(() => {
    let isStale = false;
    void look(id).then((next) => {
      if (!isStale) setView(next);
    });
    return () => {
      isStale = true;
    };
  }, [id, history, second]);

  return { history, view };
}

async function look(id: string): Promise<View> {
  const run = box.run(id);
  const [diagram, { says }, { approvals }] = await Promise.all([
    run.diagram({ format: 'svg' }),
    run.explain(),
    box.approvals({ run: id }),
  ]);
  return { diagram, says, approval: approvals[0] };
}
