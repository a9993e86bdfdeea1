/**
 * CQL text to statements: {@link io.quorate.cql.parser.CqlText} runs the grammar (Cql.g4) and makes
 * a {@link io.quorate.cql.parser.Statement}, made of {@link io.quorate.cql.parser.Term}s, {@link
 * io.quorate.cql.parser.Relation}s and {@link io.quorate.cql.parser.Selector}s. Knows no schema:
 * names and types are text here. All values are immutable.
 */
@NullMarked
package io.quorate.cql.parser;

import org.jspecify.annotations.NullMarked;
