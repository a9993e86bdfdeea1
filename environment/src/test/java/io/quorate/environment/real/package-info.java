@NullMarked
package io.quorate.environment.real;

import org.jspecify.annotations.NullMarked;
