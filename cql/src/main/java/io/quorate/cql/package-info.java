/** The language: grammar, statements, planning, functions, system tables. */
@NullMarked
package io.quorate.cql;

import org.jspecify.annotations.NullMarked;
