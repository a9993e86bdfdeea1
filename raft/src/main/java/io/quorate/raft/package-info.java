/**
 * Consensus on one log, after Ongaro's dissertation <i>Consensus: Bridging Theory and Practice</i>
 * (Stanford, 2014); section numbers in this package are its.
 *
 * <p>The core decides and does nothing:
 *
 * <ul>
 *   <li>{@link io.quorate.raft.RaftCore}: terms, elections, and the follower's side. Messages and
 *       ticks go in; what to send, persist and apply comes out.
 *   <li>{@code Leadership}: the leader's side, for one term: replication, commitment, transfer,
 *       change of the voters. {@code ReadIndex}: the reads that wait for it.
 *   <li>{@link io.quorate.raft.Configuration}: who votes and what a majority is; in the log like
 *       any command, in force as soon as it is there ({@code ConfigurationHistory}).
 *   <li>{@code Outbox}: what is to be sent and persisted, and what waits for the disk.
 *   <li>{@code RaftLog}: the entries the core holds in memory, and how far they are persisted,
 *       committed and applied.
 *   <li>{@code Progress}: what a leader knows of one peer, and its send window.
 *   <li>{@link io.quorate.raft.Message}: what peers say to each other, with {@code MessageCodec}.
 * </ul>
 *
 * <p>The driver does what was decided:
 *
 * <ul>
 *   <li>{@link io.quorate.raft.RaftNode}: the clock, the disk and the transport of one core; it
 *       drives them.
 *   <li>{@code Proposals}: forwards them, retries them and answers each one exactly once; {@code
 *       PendingProposals}, {@code PendingReads}: who waits for an answer here; {@code VoterChange}.
 *   <li>{@code ReplicatedState}: the state machine and {@code AppliedProposals}, what makes a
 *       retried proposal apply once.
 *   <li>{@code LogThread}: the log where it may wait for the disk.
 *   <li>{@code DurableLog}: segments, hard state and snapshot on disk; {@code LogRecovery} reads
 *       them back after any crash.
 *   <li>{@link io.quorate.raft.Ring}: which ring a member is of, with {@code RingFile}; {@link
 *       io.quorate.raft.RingJudgement}: whether its majority is lost and it has to be given up,
 *       from the members' {@link io.quorate.raft.RingEvidence}; {@code RingMove}, {@code
 *       OtherRings}: how members get from one that was given up to the next.
 *   <li>{@code StateAgreement}, {@code StateReports}: notice members whose state machines went
 *       different ways; {@code StallWatch}: a leader that cannot do its work.
 * </ul>
 *
 * <p>{@link io.quorate.raft.SafetyChecker} is for simulations.
 *
 * <p>Invariants: a vote, an accepted entry or a term is on disk before anyone hears of it; an entry
 * is applied only when it is committed and on this node's disk; what was committed is never cut
 * off, unless an operator gives the ring up; while the voters are exchanged, whatever is decided
 * has a majority of both sides.
 *
 * <p>Threading: a node's core and driver belong to one shard. Only {@code DurableLog} is used on
 * another thread, the node's {@code raft-log} executor, one task at a time.
 */
@NullMarked
package io.quorate.raft;

import org.jspecify.annotations.NullMarked;
