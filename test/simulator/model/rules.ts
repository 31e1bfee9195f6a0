/**
 * The rules of the flow table, each of which can be taken away: a simulator that finds nothing then is no proof of anything.
 * This is a seam of the tests; the product has no such switches.
 */

export const RULES = {
  /** 1: operations of another epoch are not carried out. */
  fence: true,
  /** 1: a packet that is sent back has lost its entry. */
  stripped: true,
  /** 2: nobody acts by a view whose lease has ended. */
  viewLease: true,
  /** 3: a node that lost its table has no part in a view that lists its earlier life. */
  incarnation: true,
  /** 3: a bucket that was here before is not taken for what it has become elsewhere. */
  bucketSince: true,
  /** 4: a joiner is complete when it has everything, and not before. */
  provenTransfer: true,
  /** 4: tombstones are transferred too. */
  tombstonesTransferred: true,
  /** 4: every answer leaves through the joiners. */
  throughJoiners: true,
  /** 4: a source that is new starts again. */
  newSourceStartsAgain: true,
  /** 5: every decide, resend, touch and close has a fresh version. */
  freshVersions: true,
  /** 5: the newer state of one decision wins. */
  newerWins: true,
  /** 5: what is absent is stored, tombstones too. */
  absentIsStored: true,
  /** 6: a head that has the entry sends it along the chain again, and answers nothing itself. */
  resent: true,
  /** 6: a lookup is answered by the reading member only. */
  readAtTail: true,
  /** 6: the head has the last word on absence. */
  absenceConfirmed: true,
  /** 6: which goes the way of a decision before anybody is refused. */
  refusedAlong: true,
  /** 7: a replica with another decision drops the packet, and lets its own end when it is the older. */
  conflict: true,
  /** 8: a SYN that finds a tombstone is dropped. */
  synDropped: true,
  /** 8: the reading member sends hits on tombstones to the head. */
  tombstonesToHead: true,
  /** 8: no leases of tombstones. */
  tombstoneNoLease: true,
  /** 8: forwarders give up old packets. */
  resendAge: true,
  /** 9: an entry with little life left is refreshed by its head. */
  refreshed: true,
  /** 9: what has idled is a tombstone first. */
  idleRests: true,
  /** 9: data revives what only idled. */
  revived: true,
  /** 9: closing connections still take packets, for as long as some come. */
  closingRefreshed: true,
  /** 9: a head forgets a tombstone when the end of the path has had it for as long. */
  closeAcknowledged: true,
  /** 9: entries are transferred with their age. */
  transferAge: true,
  /** 9: transfers store only where nothing is. */
  onlyAbsent: true,
  /** 10: both directions are one record. */
  bothKeys: true,
  /** 10: looked up and inserted in one step. */
  oneLock: true,
  /** 10: only ports of the flow's own bucket. */
  portsOfBucket: true,
  /** 10: a port is taken only if no entry has it. */
  portsChecked: true,
  /** Packet walk 2: SYN, FIN, RST always go to the head. */
  toHead: true,
  /** Packet walk 5: every member stores, not the last alone. */
  everyReplicaStores: true,
  /** Progress: what earlier views decided is served like what this one decides. */
  earlierServed: true,
  /** Packet walk 6: leases run from when the forwarder asked. */
  leaseFromSend: true,
  /** A lease is kept only if it is of no older version than the one that stands. */
  newestLease: true,
  /** An acknowledgement counts for the tombstone that it is of, and for no later one. */
  acknowledgedVersion: true,
  /** A forwarder that has just started grants no leases while answers to its earlier life may come. */
  settled: true,
};

export type Rules = { readonly [name in keyof typeof RULES]: boolean };
