const PAYLOAD = 'x'.repeat(1_000);

/** Two activities that do nothing but hand on 1 KB. */
export const bareActivities = {
  model: async (turn: number): Promise<string> => `${turn} ${PAYLOAD}`,
  tool: async (asked: string): Promise<string> => asked,
};
