import type { PeopleStore } from '../policy/people-records';
import type { Database } from './database';
import { recordAnswer, recordExpiry } from './record-answer';
import { recordDecision } from './record-decision';
import { recordPrompt } from './record-prompt';
import { recordRefusal } from './record-refusal';
import { recordRevocation } from './record-revocation';
import { openTopUp, recordTopUp } from './record-top-up';

/** Where people's words are kept: each in one transaction with its event and its audit record. */
export function createPeopleStore(database: Database): PeopleStore {
  const { client } = database;
  const store: PeopleStore = {
    async requiresSignatures(organizationId) {
      const organization = await client.organization.findUnique({ where: { id: organizationId } });
      return organization?.signatures !== 'OPTIONAL';
    },
    recordDecision: (decision, ahead) => recordDecision(client, decision, ahead),
    recordAnswer: (answer) => recordAnswer(client, answer),
    recordExpiry: (expiry) => recordExpiry(client, expiry),
    recordPrompt: (prompt) => recordPrompt(client, prompt),
    openTopUp: (input) => openTopUp(client, input),
    recordTopUp: (topUp) => recordTopUp(client, topUp),
    recordRevocation: (revocation) => recordRevocation(client, revocation),
    recordRefusal: (refusal) => recordRefusal(client, refusal),
  };
  return database.guarded(store);
}
