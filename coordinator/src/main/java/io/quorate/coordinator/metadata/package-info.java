/**
 * What the cluster is: schema, nodes and token ownership, as one immutable value with an epoch.
 *
 * <ul>
 *   <li>{@link io.quorate.coordinator.metadata.ClusterMetadata}: the value; {@code apply} gives the
 *       next one.
 *   <li>{@link io.quorate.coordinator.metadata.MetadataChange}: one step, as the metadata ring
 *       orders it; {@link io.quorate.coordinator.metadata.ChangeOutcome} says what became of it.
 *   <li>{@link io.quorate.coordinator.metadata.KeyspaceMetadata}, {@link
 *       io.quorate.coordinator.metadata.TableMetadata}, {@link
 *       io.quorate.coordinator.metadata.ColumnMetadata}, {@link
 *       io.quorate.coordinator.metadata.TableOptions}: the schema.
 *   <li>{@link io.quorate.coordinator.metadata.NodeInfo}, {@link
 *       io.quorate.coordinator.metadata.TokenRing}, {@link
 *       io.quorate.coordinator.metadata.Replication}: who owns what; {@code ReplicaShares}: how
 *       evenly.
 *   <li>{@link io.quorate.coordinator.metadata.Transition}: a change of ownership under way; {@code
 *       Topology} takes its steps, {@code Overlaps} says which go on at once.
 *   <li>{@link io.quorate.coordinator.metadata.MetadataCodec}: bytes for the log and the snapshot.
 * </ul>
 *
 * <p>Invariant: {@code apply} is a pure function of the value and the change, so that replicas
 * which applied the same log hold the same value.
 */
@NullMarked
package io.quorate.coordinator.metadata;

import org.jspecify.annotations.NullMarked;
