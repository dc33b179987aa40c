-- Options of memberships and several grantors of one, which there are since 16. After awkward.sql.

create role o_group;
grant o_group to a_login with inherit false;
grant o_group to a_inherit with inherit true, set false;
grant o_group to a_createdb with admin true, inherit false, set false;
grant o_group to z_first with admin option;
grant o_group to m_second with admin true;
set role z_first;
grant o_group to m_second, a_login with set true, inherit true;
grant o_group to b_third with admin true;
set role b_third;
grant o_group to a_login, "A fourth" with set false, inherit false;
reset role;
