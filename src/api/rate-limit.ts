import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { ProblemError } from './problem';

export interface RateLimit {
  /** Takes one place of somebody's. @throws RateExceededError when there is none */
  take(key: string): Promise<void>;
}

/** Too many requests; says when there is room again. */
export class RateExceededError extends ProblemError {
  constructor(readonly retryAfterS: number) {
    super('rate-exceeded', `too many requests; ask again in ${retryAfterS} s`);
  }
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
        throw new RateExceededError(Math.max(1, Math.ceil(error.msBeforeNext / 1_000)));
      }
    },
  };
}
