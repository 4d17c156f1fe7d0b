/** Writes the Prisma client anew from `prisma/schema.prisma`; commit what changed. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { CLIENT_PATH, generateClient } from './generate-client';
import { SCHEMA_PATH } from './schema-fingerprint';

rmSync(path.resolve(__dirname, '..', CLIENT_PATH), { recursive: true, force: true });
generateClient(SCHEMA_PATH);
console.log(`wrote ${CLIENT_PATH}`);
