const PAYLOAD = 'x'.repeat(1_000);

/** Two activities that do nothing but hand on 1 KB. */
export const bareActivities = {
  model: async (turn: number): Promise<string> => `${turn} ${PAYLOAD}`,
  /** When it began, in milliseconds since the epoch. */
  firstLine: async (): Promise<number> => performance.timeOrigin + performance.now(),
  tool: async (asked: string): Promise<string> => asked,
};
