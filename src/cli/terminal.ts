/** What a command has of the world around it, so that tests need no process: where it writes, what the environment says, when to stop. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** How many columns a line may take. */
  readonly columns: number;
  readonly colour: boolean;
  readonly env: { readonly [name: string]: string | undefined };
  /** Fires when somebody presses Ctrl-C. */
  readonly stop: AbortSignal;
}

const NARROWEST = 40;
const USUAL = 80;

/** The terminal of this process. */
export function terminalOf(process: NodeJS.Process): Terminal {
  const { stdout, stderr, env } = process;
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  // Whoever reads may have enough before the end: `signalbox events order-17 | head`.
  stdout.on('error', () => process.exit());
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    columns: Math.max(NARROWEST, stdout.columns ?? USUAL),
    colour: stdout.isTTY === true && env.NO_COLOR === undefined,
    env,
    stop: stop.signal,
  };
}
