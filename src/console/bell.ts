/** Wakes whoever waits; one that is rung while nobody waits is heard by who waits next. */
export interface Bell {
  ring(): void;
  reset(): void;
  /** Whether it rang before so many milliseconds were over. */
  rungWithin(limitMs: number): Promise<boolean>;
}

export function createBell(): Bell {
  let isRung = false;
  let wake: (() => void) | null = null;
  return {
    ring() {
      isRung = true;
      wake?.();
    },
    reset() {
      isRung = false;
    },
    async rungWithin(limitMs) {
      if (isRung) return true;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, limitMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      wake = null;
      return isRung;
    },
  };
}
