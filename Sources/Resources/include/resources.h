int rollcall_placeholder(void);
