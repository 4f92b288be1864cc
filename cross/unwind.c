// Stands in for libunwind. Panics abort and there are no unwind tables, so nothing can be unwound; but the standard
// library refers to these functions, and through them 40 KB of libunwind and of printf would be linked.
//
// The one that is called, by the message of a panic when RUST_BACKTRACE is set, is _Unwind_Backtrace: it answers that
// the end of the stack is reached.

int cwmpd_nothing(void) { return 5; /* _URC_END_OF_STACK */ }

#define NOTHING(name) int name(void) __attribute__((alias("cwmpd_nothing")));

NOTHING(_Unwind_Backtrace)
NOTHING(_Unwind_DeleteException)
NOTHING(_Unwind_FindEnclosingFunction)
NOTHING(_Unwind_GetCFA)
NOTHING(_Unwind_GetDataRelBase)
NOTHING(_Unwind_GetGR)
NOTHING(_Unwind_GetIP)
NOTHING(_Unwind_GetIPInfo)
NOTHING(_Unwind_GetLanguageSpecificData)
NOTHING(_Unwind_GetRegionStart)
NOTHING(_Unwind_GetTextRelBase)
NOTHING(_Unwind_RaiseException)
NOTHING(_Unwind_Resume)
NOTHING(_Unwind_SetGR)
NOTHING(_Unwind_SetIP)
#ifdef __arm__
NOTHING(_Unwind_VRS_Get)
NOTHING(_Unwind_VRS_Set)
NOTHING(__aeabi_unwind_cpp_pr0)
NOTHING(__aeabi_unwind_cpp_pr1)
NOTHING(__aeabi_unwind_cpp_pr2)
NOTHING(__gnu_unwind_frame)
#endif
