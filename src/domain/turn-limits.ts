/** What a turn may hold. The runner and the sandbox keep to it, and the run holds them to it. */

/** Calls of one reply of a model. */
export const MAX_CALLS_PER_TURN = 32;

/** Text, tool names and arguments of one reply together, in bytes: what history and gate must carry. */
export const MAX_REPLY_BYTES = 256 * 1024;

/** What a call's outcome tells the model, in UTF-16 units; an honest sandbox cuts it to a quarter of this. */
export const MAX_OUTCOME_LENGTH = 64 * 1024;

/** Refused connections that one call reports. */
export const MAX_REFUSED_HOSTS = 50;
