/**
 * The language: from a request of the native protocol to reads and writes of the coordinator, and
 * back to a response.
 *
 * <ul>
 *   <li>{@link io.quorate.cql.QueryProcessor}: the way in; one for a node.
 *   <li>{@code parser}: the grammar and the statements it makes. {@code system}: the tables that a
 *       node makes up.
 *   <li>{@code Planner} checks a statement against the schema and makes a {@code Plan}, which is
 *       kept in a {@code PreparedStatement}: {@code ModificationPlanner} and {@code
 *       ModificationPlan} for writes, {@code SelectPlanner}, {@code Selection} and {@code
 *       SelectPlan} for reads, {@code RestrictionAnalyzer} and {@code Restrictions} for WHERE.
 *   <li>{@code Expression}: a checked term that waits for the markers' values; {@code Functions}.
 *   <li>{@code CellChanges}, {@code ColumnOperation}: what a write does to a column.
 *   <li>{@code SelectExecution}: one page of a SELECT, of one or more {@code PartitionKey}s or of a
 *       range; {@code RowSource} and {@code RowBuffer} give it rows out of fragments, {@code
 *       RowFilter} drops some, {@code ResultRows} gathers the bytes of the answer. {@code
 *       PagingState} says where the next page begins.
 *   <li>{@code SchemaChanges}, {@code TableColumns}, {@code TableProperties}, {@code
 *       KeyspaceOptions}: DDL as changes of the metadata; {@code Descriptions}: DESCRIBE.
 * </ul>
 *
 * <p>Invariant: plans are immutable and hold no values; what an execution needs lives in objects of
 * its own. A plan is used only while the tables that it was made for are unchanged.
 *
 * <p>Threading: a request runs on the shard that received it, a read that this node answers alone
 * on the one that owns its partition; it is answered where it was received. Shared between shards
 * are the prepared statements and the counters of version 1 UUIDs.
 */
@NullMarked
package io.quorate.cql;

import org.jspecify.annotations.NullMarked;
