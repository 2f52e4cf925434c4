/** What a command has of the world around it, so that tests need no process: where it writes, what the environment says, when to stop. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** How many columns a line may take. */
  readonly columns: number;
  readonly colour: boolean;
  readonly env: { readonly [name: string]: string | undefined };
  /** Fires when somebody presses Ctrl-C, and when nobody reads any more. */
  readonly stop: AbortSignal;
  /** Why what is written does not arrive, though somebody would read it: a disk that is full. Null as long as it does. */
  readonly lost: Error | null;
}

const NARROWEST = 40;
const USUAL = 80;

/** The terminal of this process. */
export function terminalOf(process: NodeJS.Process): Terminal {
  const { stdout, stderr, env } = process;
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  let [isRead, lost] = [true, null as Error | null];
  // Whoever reads may have enough before the end: `signalbox events order-17 | head`. What is under way ends as by Ctrl-C.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    isRead = false;
    if (error.code !== 'EPIPE') lost ??= error;
    stop.abort();
  });
  return {
    out: (text) => void (isRead && stdout.write(text)),
    get lost() {
      return lost;
    },
    err: (text) => void stderr.write(text),
    columns: Math.max(NARROWEST, stdout.columns ?? USUAL),
    colour: stdout.isTTY === true && env.NO_COLOR === undefined,
    env,
    stop: stop.signal,
  };
}
