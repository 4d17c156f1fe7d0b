import { z } from '@hono/zod-openapi';
import { scopes } from '../../domain/scopes';
import { MAX_TIME, name, time } from './parts';

const scope = z.enum(scopes).openapi('Scope');
const roles = z.array(name).max(50);

export const person = z
  .object({
    name: z.string(),
    roles: z.array(z.string()),
    keys: z.array(z.object({ thumbprint: z.string(), createdAt: time })),
    isDisabled: z.boolean(),
  })
  .openapi('Person');

export const personBody = z
  .strictObject({ roles })
  .openapi('NewPerson', { example: { roles: ['approver'] } });

export const personKeyBody = z
  .strictObject({
    kty: z.literal('OKP'),
    crv: z.literal('Ed25519'),
    x: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  })
  .openapi('PublicKey', {
    description: 'An Ed25519 public key, as RFC 8037 writes it',
    example: { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
  });

export const apiKey = z
  .object({
    id: z.string(),
    name: z.string(),
    person: z.string(),
    roles: z.array(z.string()),
    scopes: z.array(scope),
    createdAt: time,
    expiresAt: time.nullable(),
    revokedAt: time.nullable(),
  })
  .openapi('ApiKey');

export const newApiKey = z
  .strictObject({
    name,
    person: name.openapi({ description: 'Who speaks with it: decisions and audit name them' }),
    roles: roles.default([]),
    scopes: z
      .array(scope)
      .max(scopes.length)
      .optional()
      .openapi({ description: 'Without them, those of its roles' }),
    expiresAt: time.min(0).max(MAX_TIME).nullable().default(null),
  })
  .openapi('NewApiKey', { example: { name: 'deploy-bot', person: 'deploy-bot', roles: ['service'] } });

export const createdApiKey = z
  .object({ apiKey, key: z.string().openapi({ description: 'Shown this once' }) })
  .openapi('CreatedApiKey');
