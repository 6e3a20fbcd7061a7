int rollcall_placeholder(void){return 0;}
