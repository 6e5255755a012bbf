# SPDX-License-Identifier: Apache-2.0
#
# liboaktreemodel: what protoc makes of PROTOS, and how C++ programs find it.

EXTRA_DIST += \
  %D%/cmake/oaktreemodel-config-version.cmake.in \
  %D%/cmake/oaktreemodel-config.cmake.in \
  %D%/oaktreemodel.map \
  %D%/messages.h \
  %D%/oaktreemodel.pc.in \
  $(cpp_scripts) \
  $(cpp_tests) \
  %D%/tests/consumer/CMakeLists.txt \
  %D%/tests/consumer/note.proto \
  %D%/tests/consumer/messages.cc \
  %D%/tests/consumer/stub.cc \
  %D%/tests/installcheck

cpp_tests = \
  %D%/tests/annotations_test.cc \
  %D%/tests/calls_test.cc \
  %D%/tests/messages_test.cc

cpp_scripts = \
  %D%/tests/exports.test \
  %D%/tests/incremental.test \
  %D%/tests/install.test \
  %D%/tests/sanitized.test \
  %D%/tests/unit.test

TESTS += $(cpp_scripts)

if BUILD_CPP

# oaktreemodel/compute/v1/server and so on, and their directories.
cpp_names = $(PROTOS:protos/%.proto=%)
cpp_areas = $(sort $(dir $(cpp_names)))

cpp_headers = $(cpp_names:%=%D%/%.pb.h) $(cpp_names:%=%D%/%.grpc.pb.h)

# Half of the time goes into reading gRPC's headers, so the services of an area
# are compiled as one unit, or as few where one would take too much memory. The
# messages cannot be: their statics would clash.
# The numbers of the units of some files: one, and more for the files from the one
# on that is too many for it.
cpp_too_many = 13
cpp_numbers = $(words $2 x) \
  $(if $(word $(cpp_too_many),$1),$(call cpp_numbers,$(wordlist $(cpp_too_many),$(words $1),$1),$2 x))
cpp_service_units = $(foreach area,$(cpp_areas), \
  $(patsubst %,%D%/$(area)services%.cc,$(call cpp_numbers,$(filter $(area)%,$(cpp_names)))))
cpp_units = $(cpp_names:%=%D%/%.pb.cc) $(cpp_service_units)
cpp_objects = $(cpp_units:.cc=.lo)

# One run of protoc makes all four files; a pattern is GNU make's way to say so.
# What a proto imports is not named here: a change that needs the importing file
# made anew without changing it would break the promise of the interface.
%D%/%.pb.h %D%/%.pb.cc %D%/%.grpc.pb.h %D%/%.grpc.pb.cc: protos/%.proto
	$(oak_v_PROTOC)$(MKDIR_P) %D% && $(PROTOC) -I$(srcdir)/protos \
	  --cpp_out=%D% --grpc_out=%D% --plugin=protoc-gen-grpc=$(GRPC_CPP_PLUGIN) $*.proto

oak_v_PROTOC = $(oak_v_PROTOC_@AM_V@)
oak_v_PROTOC_ = $(oak_v_PROTOC_@AM_DEFAULT_V@)
oak_v_PROTOC_0 = @echo "  PROTOC  " $<;
oak_v_PROTOC_1 =

# The units change only when a service file joins or leaves an area. The stamp
# stands for them, so that an unchanged one is not compiled again.
%D%/services.stamp: protos/list.mk
	$(AM_V_GEN)for area in $(cpp_areas); do \
	  $(MKDIR_P) %D%/$$area && rm -f %D%/$${area}services*.new && files=0 && \
	  for name in $(cpp_names); do \
	    case $$name in $$area*) \
	      unit=%D%/$${area}services$$((files / ($(cpp_too_many) - 1) + 1)).cc; \
	      echo "#include \"$$name.grpc.pb.cc\"" >>$$unit.new; files=$$((files + 1)) ;; \
	    esac; \
	  done && \
	  for new in %D%/$${area}services*.new; do \
	    unit=$${new%.new}; \
	    cmp -s $$new $$unit && rm $$new || mv -f $$new $$unit || exit; \
	  done || exit; \
	done; touch $@
$(cpp_service_units): %D%/services.stamp
	@test -f $@ || { rm -f $< && $(MAKE) $(AM_MAKEFLAGS) $<; }

# The first compilation needs the headers, later ones what the compiler wrote
# down. System headers are left out, for there are thousands of them.
cpp_dependencies = -MT $@ -MMD -MP -MF $(basename $@).Tpo
cpp_keep_dependencies = && mv -f $(basename $@).Tpo $(basename $@).d
cpp_CPPFLAGS = -I%D% $(GRPC_CFLAGS)
cpp_compile = $(CCACHE) $(CXX) $(cpp_dependencies) $(cpp_CPPFLAGS)

cpp_flags = $(CPPFLAGS) -fvisibility-inlines-hidden $(PROTO_CXXFLAGS) -w

# Up to half of the time goes into protobuf's own headers, so they are compiled
# once. ccache cannot compare the outcome, which is never the same twice: it gets
# a sum of what went in.
if PRECOMPILED
cpp_precompiled = %D%/messages.h.gch
cpp_include_precompiled = -include %D%/messages.h -I$(srcdir) -fpch-preprocess
cpp_precompile = $(CXX) $(cpp_CPPFLAGS) $(cpp_flags) $(lt_prog_compiler_pic_CXX) -x c++-header
CCACHE_SLOPPINESS ?= pch_defines,time_macros
export CCACHE_SLOPPINESS
export CCACHE_PCH_EXTSUM = true
%D%/messages.h.gch: %D%/messages.h
	$(AM_V_CXX)$(MKDIR_P) %D% && header=$(srcdir)/%D%/messages.h && \
	  $(cpp_precompile) -E -P -o $@.text $$header && cksum <$@.text >$@.sum && rm $@.text && \
	  $(cpp_precompile) -o $@ $$header
endif

$(cpp_objects): %.lo: %.cc | $(cpp_headers) $(cpp_precompiled)
	$(AM_V_CXX)$(LIBTOOL) $(AM_V_lt) --tag=CXX $(AM_LIBTOOLFLAGS) $(LIBTOOLFLAGS) --mode=compile \
	  $(cpp_compile) $(cpp_flags) $(cpp_include_precompiled) -c -o $@ $< $(cpp_keep_dependencies)

-include $(wildcard $(cpp_objects:.lo=.d))

# What a program that was linked with one release may be run with is said by
# CURRENT:REVISION:AGE. Generated C++ has no stable ABI, so a release
#  - that changes any proto, or asks for a newer protobuf: CURRENT+1:0:0
#  - that changes neither, but how the library is built: CURRENT:REVISION+1:0
# AGE stays 0. The promise to C++ programs is source compatibility.
#
#   release   version-info   soname
#   (none)    0:0:0          liboaktreemodel.so.0
#
lib_LTLIBRARIES = %D%/liboaktreemodel.la
%C%_liboaktreemodel_la_SOURCES =
# No file of this name is ever compiled; it has Automake link with the C++ compiler.
nodist_EXTRA_%C%_liboaktreemodel_la_SOURCES = %D%/link-as-c++.cc
%C%_liboaktreemodel_la_LIBADD = $(cpp_objects) $(GRPC_LIBS)
%C%_liboaktreemodel_la_LDFLAGS = -version-info 0:0:0 -no-undefined -Wl,--no-undefined -Wl,--as-needed \
  -Wl,--version-script=$(srcdir)/%D%/oaktreemodel.map
# Not the list itself, but its stamp: an object may have left it.
%C%_liboaktreemodel_la_DEPENDENCIES = $(cpp_objects) %D%/services.stamp $(srcdir)/%D%/oaktreemodel.map

pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = %D%/oaktreemodel.pc

cmakedir = $(libdir)/cmake/oaktreemodel
cmake_DATA = %D%/cmake/oaktreemodel-config.cmake %D%/cmake/oaktreemodel-config-version.cmake

# The unit tests, and once more with sanitizers: those see the tests themselves and
# the generated code that is inline in the headers, and of the library only what it
# does with memory by functions of libc. tests/conformance has generated code with
# them. For the whole library: configure CXXFLAGS='-O0 -fsanitize=address,undefined'
# LIBS='-lasan -lubsan', for libtool links shared libraries without the compiler's own.
cpp_warnings = -Wall -Wextra -Wpedantic -Wshadow -Wconversion
cpp_sanitizers = -O0 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

if HAVE_GTEST
check_PROGRAMS += %D%/tests/unit
if HAVE_SANITIZERS
check_PROGRAMS += %D%/tests/sanitized
endif
endif

%C%_tests_unit_SOURCES = $(cpp_tests)
%C%_tests_unit_LDADD = %D%/liboaktreemodel.la $(GTEST_LIBS) $(GRPC_LIBS)

%C%_tests_sanitized_SOURCES =
nodist_EXTRA_%C%_tests_sanitized_SOURCES = %D%/tests/link-as-c++.cc
%C%_tests_sanitized_LDADD = $(cpp_tests:.cc=.sanitized.$(OBJEXT)) $(%C%_tests_unit_LDADD)
%C%_tests_sanitized_LDFLAGS = $(cpp_sanitizers)

cpp_compile_test = $(MKDIR_P) $(@D) && $(cpp_compile) $(GTEST_CFLAGS) $(CPPFLAGS) $(cpp_warnings) $(CXXFLAGS)
$(cpp_tests:.cc=.$(OBJEXT)): %.$(OBJEXT): %.cc | $(cpp_headers)
	$(AM_V_CXX)$(cpp_compile_test) -c -o $@ $< $(cpp_keep_dependencies)
$(cpp_tests:.cc=.sanitized.$(OBJEXT)): %.sanitized.$(OBJEXT): %.cc | $(cpp_headers)
	$(AM_V_CXX)$(cpp_compile_test) $(cpp_sanitizers) -c -o $@ $< $(cpp_keep_dependencies)

-include $(wildcard $(cpp_tests:.cc=.d) $(cpp_tests:.cc=.sanitized.d))

installcheck-local: installcheck-cpp
installcheck-cpp:
	DESTDIR='$(DESTDIR)' prefix='$(prefix)' libdir='$(libdir)' VERSION='$(VERSION)' \
	  CXX='$(CXX)' CXXFLAGS='$(CXXFLAGS)' PKG_CONFIG='$(PKG_CONFIG)' PROTOC='$(PROTOC)' \
	  $(srcdir)/%D%/tests/installcheck

endif BUILD_CPP

# With C++ left out, the lists are empty.
install-data-local: install-cpp-headers
install-cpp-headers: $(cpp_headers)
	@set -e; for area in $(cpp_areas); do \
	  target='$(DESTDIR)$(includedir)'/$$area; \
	  echo " $(INSTALL_HEADER) %D%/$$area*.pb.h '$$target'"; \
	  $(MKDIR_P) "$$target"; \
	  for header in $(cpp_headers); do \
	    case $$header in %D%/$$area*) echo "$$header" ;; esac; \
	  done | xargs sh -c '$(INSTALL_HEADER) "$$@" "$$0"' "$$target"; \
	done

uninstall-local: uninstall-cpp-headers
uninstall-cpp-headers:
	test ! -d '$(DESTDIR)$(includedir)' || { \
	  cd '$(DESTDIR)$(includedir)' && rm -f $(cpp_headers:%D%/%=%) && \
	  { rmdir -p $(cpp_areas) 2>/dev/null || :; }; }

clean-local: clean-cpp
clean-cpp:
	rm -rf %D%/oaktreemodel %D%/messages.h.gch %D%/messages.h.gch.sum %D%/services.stamp %D%/tests/*.d

.PHONY: clean-cpp install-cpp-headers installcheck-cpp uninstall-cpp-headers
