import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { ProblemError } from './problem';

export interface RateLimit {
  /** Takes one place of somebody's. @throws ProblemError `rate-exceeded` when there is none; it says when to come back */
  take(key: string): Promise<void>;
}

/** So many requests a minute for each key, counted in this process. */
export function createRateLimit(perMinute: number): RateLimit {
  const limiter = new RateLimiterMemory({ points: perMinute, duration: 60 });
  return {
    async take(key) {
      try {
        await limiter.consume(key);
      } catch (error) {
        if (!(error instanceof RateLimiterRes)) throw error;
        const retryAfterS = Math.max(1, Math.ceil(error.msBeforeNext / 1_000));
        throw new ProblemError('rate-exceeded', `too many requests; ask again in ${retryAfterS} s`, {
          retryAfterS,
        });
      }
    },
  };
}
