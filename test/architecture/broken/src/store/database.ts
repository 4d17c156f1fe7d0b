export { Client as connect } from 'pg';
