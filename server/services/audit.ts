import { newId, type Random } from '../../lib/base/random.ts';
import type { EventId, TenantId } from '../../lib/contracts/ids.ts';
import type { AuditEvent } from '../../lib/contracts/records.ts';
import { keyspace } from '../store/keyspace.ts';
import type { Transaction } from '../store/store.ts';

/** Prepares an audit event; its id is minted here, outside the transaction, so that a retried body writes it once. */
export function auditEvent(random: Random, event: Omit<AuditEvent, 'eventId'>): AuditEvent {
  return { eventId: newId<EventId>(random), ...event };
}

/**
 * Whether the act was carried out already: the event's id is its idempotency key, for a body that runs again after a
 * commit whose outcome was unknown and would not recognise its own work otherwise.
 */
export async function wasRecorded(transaction: Transaction, tenantId: TenantId, event: AuditEvent): Promise<boolean> {
  return (await keyspace.audit.get(transaction, tenantId, event.at, event.eventId)) !== undefined;
}

/** Writes the event in the transaction of the act that it records. */
export function recordAudit(transaction: Transaction, tenantId: TenantId, event: AuditEvent): void {
  keyspace.audit.set(transaction, event, tenantId, event.at, event.eventId);
}
