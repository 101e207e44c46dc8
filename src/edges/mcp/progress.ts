const GAP_MS = 500;

interface Progress {
  tell(message: string): void;
  /** Nothing may follow the answer. */
  stop(): void;
}

/** Passes on at most two messages per second: the first at once, then the newest of each gap. */
export function limitProgress(send: (progress: number, message: string) => void): Progress {
  let sent = 0;
  let newest: string | undefined;
  let gap: NodeJS.Timeout | undefined;
  let stopped = false;

  const pass = (message: string) => {
    sent += 1;
    send(sent, message);
    gap = setTimeout(afterGap, GAP_MS).unref();
  };
  const afterGap = () => {
    gap = undefined;
    const message = newest;
    newest = undefined;
    if (message !== undefined) pass(message);
  };
  return {
    tell(message) {
      if (stopped) return;
      if (gap === undefined) pass(message);
      else newest = message;
    },
    stop() {
      stopped = true;
      clearTimeout(gap);
    },
  };
}
