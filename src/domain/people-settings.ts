import { GatehouseError } from './errors';

/** How an organization's people are asked; pinned at dispatch, so that a run waits as it began. */
export interface PeopleSettings {
  /** When those who can decide are reminded, in milliseconds after an approval was shown. */
  remindAfterMs: number[];
  /** When people of another role may decide as well; null for never. */
  escalation: { afterMs: number; role: string } | null;
  /** One person alone works here: four eyes cannot be had, and the audit says each time that they were not. */
  isSingleOperator: boolean;
}

const HOUR_MS = 60 * 60 * 1000;

export const DEFAULT_PEOPLE_SETTINGS: PeopleSettings = {
  remindAfterMs: [HOUR_MS, 8 * HOUR_MS],
  escalation: null,
  isSingleOperator: false,
};

/** Most reminders of one approval. */
export const MAX_REMINDERS = 10;

/**
 * Settings as somebody gives them, strictly; what is left out stays as it is in `current`.
 *
 * @throws GatehouseError `people-settings-malformed`, naming the setting
 */
export function readPeopleSettings(given: unknown, current: PeopleSettings): PeopleSettings {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw malformed('they are an object of `remindAfterMs`, `escalation` and `isSingleOperator`');
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(DEFAULT_PEOPLE_SETTINGS, name));
  if (unknown !== undefined) throw malformed(`there is no setting \`${unknown.slice(0, 40)}\``);
  const {
    remindAfterMs = current.remindAfterMs,
    escalation = current.escalation,
    isSingleOperator = current.isSingleOperator,
  } = given as Record<keyof PeopleSettings, unknown>;
  if (!isReminders(remindAfterMs))
    throw malformed(
      `\`remindAfterMs\` is a list of at most ${MAX_REMINDERS} times in milliseconds, each a whole number over 0`,
    );
  if (!isEscalation(escalation))
    throw malformed('`escalation` is `{afterMs, role}`, with a time in milliseconds and a role, or null');
  if (typeof isSingleOperator !== 'boolean') throw malformed('`isSingleOperator` is true or false');
  return {
    remindAfterMs: inOrder(remindAfterMs),
    escalation: escalation && { afterMs: escalation.afterMs, role: escalation.role },
    isSingleOperator,
  };
}

/** The settings with what an organization changed; anything malformed counts as not there. */
export function peopleSettings(stored: unknown): PeopleSettings {
  const given = (typeof stored === 'object' && stored !== null ? stored : {}) as Partial<PeopleSettings>;
  const { remindAfterMs, escalation, isSingleOperator } = given;
  return {
    remindAfterMs: isReminders(remindAfterMs)
      ? inOrder(remindAfterMs)
      : DEFAULT_PEOPLE_SETTINGS.remindAfterMs,
    escalation:
      escalation && isEscalation(escalation) ? { afterMs: escalation.afterMs, role: escalation.role } : null,
    isSingleOperator: isSingleOperator === true,
  };
}

function isReminders(value: unknown): value is number[] {
  return Array.isArray(value) && value.length <= MAX_REMINDERS && value.every(isDuration);
}

function isEscalation(value: unknown): value is PeopleSettings['escalation'] {
  if (value === null) return true;
  const { afterMs, role, ...more } = (value ?? {}) as Record<string, unknown>;
  return (
    isDuration(afterMs) &&
    typeof role === 'string' &&
    role.trim() !== '' &&
    role.length <= 200 &&
    Object.keys(more).length === 0
  );
}

function inOrder(times: readonly number[]): number[] {
  return [...new Set(times)].sort((one, other) => one - other);
}

function malformed(why: string): GatehouseError {
  return new GatehouseError('people-settings-malformed', `these settings do not do: ${why}`);
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}
