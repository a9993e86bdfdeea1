/**
 * The local storage engine: what one node keeps, and how. It sees bytes that compare as bytes and
 * knows no schema.
 *
 * <p>The encoding, which messages, commit log, memtable and SSTables share:
 *
 * <ul>
 *   <li>{@link io.quorate.sstable.Mutation}: one partition's update. {@link
 *       io.quorate.sstable.FragmentWriter} writes it, {@link io.quorate.sstable.FragmentReader} and
 *       {@link io.quorate.sstable.RowReader} read it, {@link io.quorate.sstable.FragmentValidator}
 *       checks what comes from outside.
 *   <li>{@link io.quorate.sstable.FragmentMerger}: reconciles what several sources know; the rules
 *       stand at {@code RowMerger}. {@link io.quorate.sstable.FragmentDiff}: what one of them
 *       lacks. {@link io.quorate.sstable.Digest}: a short stand-in to compare by.
 * </ul>
 *
 * <p>Invariant: merging is commutative, associative and idempotent, so that replicas which have
 * seen the same updates hold the same bytes, whatever the order in which they came.
 */
@NullMarked
package io.quorate.sstable;

import org.jspecify.annotations.NullMarked;
