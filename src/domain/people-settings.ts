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

/** The settings with what an organization changed; anything malformed counts as not there. */
export function peopleSettings(stored: unknown): PeopleSettings {
  const given = (typeof stored === 'object' && stored !== null ? stored : {}) as Partial<PeopleSettings>;
  const { remindAfterMs, escalation, isSingleOperator } = given;
  return {
    remindAfterMs:
      Array.isArray(remindAfterMs) && remindAfterMs.length <= 10 && remindAfterMs.every(isDuration)
        ? [...remindAfterMs].sort((one, other) => one - other)
        : DEFAULT_PEOPLE_SETTINGS.remindAfterMs,
    escalation:
      escalation && isDuration(escalation.afterMs) && typeof escalation.role === 'string'
        ? { afterMs: escalation.afterMs, role: escalation.role }
        : null,
    isSingleOperator: isSingleOperator === true,
  };
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}
