/** One command line. */
@NullMarked
package io.quorate.tools;

import org.jspecify.annotations.NullMarked;
