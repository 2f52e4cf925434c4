/** One run to look at: a sentence, the picture, what somebody is asked, the attempts at one step, and the history. */
import { actorOf, type Approval, type ReadEvent } from 'signalbox';
import { useSelector } from '@xstate/react';
import { type FormEvent, type ReactNode, useMemo, useState } from 'react';
import { box } from './shop.ts';
import { useRun } from './use-run.ts';

/** `children` stand beside it. */
export function Run({ id, children }: { readonly id: string; readonly children: ReactNode }) {
  const { history, view } = useRun(id);
  if (view === null) return null;
  return (
    <>
      <p className="says">{view.says}</p>
      <div className="columns">
        <div className="column">
          <Picture svg={view.diagram} />
          <History events={history} />
        </div>
        <div className="column">
          <div aria-live="polite">
            {view.approval !== undefined && <Decide key={view.approval.digest} approval={view.approval} />}
          </div>
          <Attempts run={id} path="payment/authorise" />
          {children}
        </div>
      </div>
    </>
  );
}

export function Picture({ svg }: { readonly svg: string }) {
  // biome-ignore lint/security/noDangerouslySetInnerHtml: a drawing of signalbox, in which every name is escaped
  return <div className="card picture" dangerouslySetInnerHTML={{ __html: svg }} />;
}

function Decide({ approval: { id, question, digest } }: { readonly approval: Approval }) {
  const [refusal, setRefusal] = useState<string | null>(null);
  const [comment, setComment] = useState('');

  const decide = async (decision: 'approve' | 'reject') => {
    const answer = await box.decide(id, { decision, by: 'you', roles: ['sales'], digest, comment });
    setRefusal(answer.answer === 'refused' ? answer.reason : null);
  };
  const approve = (event: FormEvent) => {
    event.preventDefault();
    void decide('approve');
  };
  return (
    <form className="card asks" aria-labelledby="question" onSubmit={approve}>
      <h2 id="question">{question}</h2>
      <label>
        Comment (to reject it, say why)
        <input value={comment} onChange={({ target }) => setComment(target.value)} />
      </label>
      <div className="row">
        <button type="submit" className="first">
          Approve
        </button>
        <button type="button" disabled={comment === ''} onClick={() => decide('reject')}>
          Reject
        </button>
      </div>
      {refusal !== null && <p role="alert">It was refused: {refusal}</p>}
    </form>
  );
}

/** One step by itself: it is read for as long as it is shown. */
function Attempts({ run, path }: { readonly run: string; readonly path: string }) {
  const step = useMemo(() => actorOf(box, run, path), [run, path]);
  const { status, seen } = useSelector(step, ({ context }) => context);
  return (
    <section className="card" aria-labelledby="attempts">
      <h2 id="attempts">
        {path} <span className={`badge ${status}`}>{status}</span>
      </h2>
      <ol>
        {seen?.attempts.map(({ attempt, status, error }) => (
          <li key={attempt}>{error === null ? status : `${status}: ${error.message}`}</li>
        ))}
      </ol>
    </section>
  );
}

function History({ events }: { readonly events: readonly ReadEvent[] }) {
  const begun = events[0]?.at ?? 0;
  return (
    <section className="card" aria-labelledby="history">
      <h2 id="history">History</h2>
      <ol className="history">
        {events.toReversed().map(({ seq, type, path, at }) => (
          <li key={seq}>
            <time>{((at - begun) / 1_000).toFixed(1)} s</time> <b>{type}</b> {path}
          </li>
        ))}
      </ol>
    </section>
  );
}
