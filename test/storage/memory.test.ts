import { describe } from 'vitest';
import { createMemoryObjects } from '../../storage/index.ts';
import { auditLogContract } from '../contracts/audit-log.ts';
import { blobStoreContract } from '../contracts/blob-store.ts';
import { catalogContract } from '../contracts/catalog.ts';
import { objectStoreContract } from '../contracts/object-store.ts';
import { tokenStoreContract } from '../contracts/token-store.ts';
import { uploadsContract } from '../contracts/uploads.ts';

const open = async () => createMemoryObjects();

describe('objects in memory', () => objectStoreContract({ open, isOutsideThisProcess: false }));
describe('blobs in memory', () => blobStoreContract(open));
describe('a catalog in memory', () => catalogContract(open));
describe('uploads in memory', () => uploadsContract(open));
describe('tokens in memory', () => tokenStoreContract(open));
describe('an audit log in memory', () => auditLogContract(open));
