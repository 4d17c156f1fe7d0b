import type { PrismaClient } from './generated/client';

/**
 * Of the roles that a key or session was given, those that its person still has: what somebody lost counts nowhere. One
 * who is not kept as a person, such as a service, keeps all.
 *
 * @returns null when the person was disabled
 */
export async function rolesStillHeld(
  client: PrismaClient,
  given: { organizationId: string; person: string; roles: string[] },
): Promise<string[] | null> {
  const person = await client.person.findUnique({
    where: { organizationId_name: { organizationId: given.organizationId, name: given.person } },
    select: { roles: true, disabledAt: true },
  });
  if (!person) return given.roles;
  if (person.disabledAt !== null) return null;
  return given.roles.filter((role) => person.roles.includes(role));
}
